"""The common-prosperity report (共富报告): who earned how much, what growers got above market; for a workshop and for a county."""
