"""How fast the numbers come to whoever asks: measured from outside, through the whole site."""
