"""Lists and reports taken out as files: short lists at once, all else made by a worker and kept for a day.

Everything is read with the rights that its owner has at that moment, and handed to nobody else but those with
whom the owner shares a report, as far as they may see all that is in its file.
"""
