-- Each change asks when the host's history was last written whole; without this it walked all of it.
CREATE INDEX host_history_whole ON host_history (host_id, at_ms) WHERE whole = 1;
