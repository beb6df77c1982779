"""The roof: where shop and fulfillment are joined into one Flask application, with its commands and its worker."""
