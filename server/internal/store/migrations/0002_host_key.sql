CREATE UNIQUE INDEX hosts_key ON hosts (spki);
