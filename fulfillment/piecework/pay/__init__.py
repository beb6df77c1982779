"""Pay runs: what is owed is paid once, by cash or bank, and can be seen to be."""
