"""A site's parameters to its alert rules, its PrometheusRule, its Alertmanager routing and its message templates.

Pure: what is shipped in `rules/` is what this room writes for the default site. One module for each group of rules, one
for the words of the pages, one for the latch that remembers over lost scrapes.
The next room below is `config`.
"""
