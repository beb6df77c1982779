"""The scale: bags of one delivery, photos of the goods, pictures of the grades, and how a farmer is found."""
