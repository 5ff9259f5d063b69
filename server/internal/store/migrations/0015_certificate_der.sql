-- The certificate itself, so that a TLS session ticket can name it instead of carrying it. Certificates from before are
-- empty: their hosts make a full handshake until they renew.
ALTER TABLE certificates ADD COLUMN der BLOB NOT NULL DEFAULT '';
