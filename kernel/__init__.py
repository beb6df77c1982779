"""The ground every room stands on: database, money, clock, errors, people; knows no feature."""
