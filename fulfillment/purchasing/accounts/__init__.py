"""What stands between a farmer and the workshop beside deliveries: advances, agreed deductions, supplements, how the farmer is paid."""
