"""What couriers charge, which one to take, and what they charged in the end."""
