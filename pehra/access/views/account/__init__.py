"""Pages of signing in, of what somebody signs in with, and of where they are signed in; allauth does the work."""
