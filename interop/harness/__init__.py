"""What runs strangers' OAuth libraries against Hallpass: standard library only."""
