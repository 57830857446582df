"""What a person types: `check`, `rollback` and their reports.

Edge: reads clocks and disk through the rooms below; only `relink` and `witness` write. The reports are pure.
The next room below is `service`.
"""
