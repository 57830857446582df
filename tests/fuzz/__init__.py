"""Coverage-guided fuzzing of every parser, with an oracle for what an input may cost: `make fuzz TIME=60`."""
