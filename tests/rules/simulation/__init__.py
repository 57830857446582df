"""Days of healthy fleets, and of fleets with one known fault each, as Prometheus would scrape them.

`make simulate` runs 10,000 host-days over the shipped rules: no alert of any severity may fire. A sample of it runs in
`make test`.
"""
