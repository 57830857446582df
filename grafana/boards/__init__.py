"""The two dashboards, in small functions from PromQL up to a whole board.

Imports point one way: promql and look, then panels and tables, then the rows of a board, then the board.
"""

import warnings

with warnings.catch_warnings():
    # The SDK recommends its newer schema on import. Provisioning and import by file read the classic one in
    # every Grafana in use, so that is what is generated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.models.dashboard  # noqa: F401 imported for the filter above
