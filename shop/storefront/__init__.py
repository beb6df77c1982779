"""The buyer's pages: the shop's front, the live page, buying, and the order by its private link."""
