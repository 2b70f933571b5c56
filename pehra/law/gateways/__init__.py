"""Where `law` touches the disk: the folders that hold profiles."""
