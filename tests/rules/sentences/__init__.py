"""What the alerts say, sentence by sentence, against what is true at every combination of clocks.

The truth is written here a second time, from the clocks alone; a sentence that nobody wrote a truth for fails.
"""
