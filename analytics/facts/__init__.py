"""What each day adds up to: marked when it changes, added up anew by workers, exact at every moment."""
