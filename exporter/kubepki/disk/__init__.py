"""What the host's file system says, asked so that nothing waits for a path that does not answer.

Edge: the only room that looks at paths of others. What is in a file is none of its business.
The next room below is the ground: `model`, `settings`, `logs`.
"""
