"""Messages to people outside: written in the transaction that has the news, sent by the worker, seen on the page."""
