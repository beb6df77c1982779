"""What a buyer says after the parcel: it arrived damaged, or goods that may be returned shall go back. A person decides."""
