"""What labels by the hundred and the thousand cost, by how they are asked."""
