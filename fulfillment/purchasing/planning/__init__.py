"""What will be sold and brought: forecasts with ranges, warnings, presale, whom to call, how good the goods were."""
