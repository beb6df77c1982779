"""A farmer's season on one page: deliveries, advances, deductions, payments, the balance, and what the market would have paid."""
