#!/bin/sh
# Copy what every package carries (modules, rules, dashboards, documentation) into the directory $1.
set -eu
cd "$(dirname "$0")/../.."
tar -c --exclude=__pycache__ --exclude='*.pyc' -C exporter kubepki | tar -x -C "$1"
for directory in rules grafana docs; do
    tar -c --exclude=__pycache__ --exclude='*.py' --exclude=tests "$directory" | tar -x -C "$1"
done
for file in README.md CHANGELOG.md LICENSE; do
    if [ -e "$file" ]; then cp "$file" "$1/"; fi
done
find "$1" -type d -empty -delete
find "$1" -type f -exec chmod 644 {} +
