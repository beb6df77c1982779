"""What re-packed goods carry: bag labels (GB 7718) and the conformity certificate, each with the lot it came from."""
