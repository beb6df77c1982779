"""The streamer's and owner's pages: run sheet, control page, live board, orders, stock, people."""
