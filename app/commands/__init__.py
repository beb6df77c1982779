"""The commands of `gongfang`, a file for each area."""
