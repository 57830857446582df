"""The manifests for Kubernetes, rendered and read as by the programs that take them."""
