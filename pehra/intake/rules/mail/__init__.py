"""Mail as bytes: taken apart, recognised and ordered. Pure; what cannot be read is said, and kept by whoever asks."""
