"""The names of the exporter's series and of those that the rules record.

Recorded names follow `level:metric:operation`; boards read them, so they are part of the contract.
"""

HOST_TIME = "kubepki_host_time_seconds"
NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"
NOT_AFTER = "kubepki_certificate_not_after_timestamp_seconds"
REFERENCE = "kubepki_reference_clock_offset_seconds"
CURRENT = 'standing="current"'
# The labels of one certificate that a page about its path does not have.
ENTRY = "entry, usage, standing"
# Joins name what they ignore, never what they match on: two clusters may share an address.
ONE_HOST = f"ignoring (path, {ENTRY}) group_left ()"
ONE_PATH = "ignoring (path) group_left ()"
# What clocks other than Prometheus' say, as an offset to their host. Of several references the earliest counts for the
# beginning of validity; of its end the latest is told.
JUDGED_BY = f'{REFERENCE}{{clock="apiserver"}}'
# Of several API servers whose clocks differ the latest rejects first what ends.
LATEST_SERVER = "kubepki_reference_clock_latest_offset_seconds"
ENDS_BY = f'({LATEST_SERVER}{{clock="apiserver"}} or {JUDGED_BY})'
LAST = f'max without (clock) ({REFERENCE}{{clock!="apiserver"}})'
OTHERS = f'min without (clock) ({REFERENCE}{{clock!="apiserver"}})'

# In the place of the number of files, where `rollback` may not change the path.
OBSTACLE = -1
# How many files `rollback` could use; 0 where it would refuse the best of them at Prometheus' time, for less than five
# minutes of its life lie on one side of it. A host whose clock is wrong with its whole room cannot know that.
FALLBACK = """(
  (
    kubepki_fallback_not_before_timestamp_seconds > time() - 300
    or kubepki_fallback_not_after_timestamp_seconds < time() + 300
  ) * 0
  or kubepki_fallback_certificates > 0
)"""

SKEW = "instance:kubepki_host_time_skew_seconds:last"
OFF = "instance:kubepki_clock_skew_seconds:off"
LATEST = "instance:kubepki_clock_skew_seconds:judged"

STARTS = "instance_path_entry:kubepki_certificate_not_before_timestamp_seconds:future"
OFFSET = "instance_path_entry:kubepki_certificate_not_before_offset_seconds:candidate"
AHEAD = "instance_path:kubepki_certificate_ahead_seconds:max"
CONFIRMED = "instance_path:kubepki_certificate_ahead_confirmed_seconds:max"
SOON = "instance_path_entry:kubepki_certificate_not_after_timestamp_seconds:soon"
ENDS = "instance_path_entry:kubepki_certificate_remaining_seconds:judged"
SHARE = "instance_path_entry:kubepki_certificate_remaining:ratio"
EXPIRED = "instance_path:kubepki_certificate_expired_seconds:max"
REMAINING = "instance_path:kubepki_certificate_remaining_seconds:min"
UNSYNCHRONIZED = "instance_path:kubepki_rotation_clock_synchronized:zero"
ROTATED = "instance_path:kubepki_rotation_unsynchronized:bool"
CERTIFICATE_FINDING = "instance_path:kubepki_certificate_finding:last"

LINK_CANDIDATE = "instance_path:kubepki_symlink_target_offset_seconds:ahead"
LINK_AHEAD = "instance_path:kubepki_symlink_target_ahead_seconds:max"
PATH_FINDING = "instance_path:kubepki_path_finding:last"

STEP = "instance:kubepki_host_clock_step_seconds:last"
CLOCK_FINDING = "instance:kubepki_clock_finding:last"
EXPORTER_FINDING = "instance:kubepki_exporter_finding:last"
REFUSED = "instance:kubepki_scrape_refused_timestamp_seconds:last"
HOSTS = "job:kubepki_hosts:count"
HOSTS_AHEAD = "job:kubepki_hosts_ahead:ratio"
HOSTS_BEHIND = "job:kubepki_hosts_behind:ratio"
HOSTS_MEDIAN = "job:kubepki_host_time_skew_seconds:median"
