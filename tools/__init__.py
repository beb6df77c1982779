"""Scripts around the program: the environment, the browser, the pictures."""
