"""WebDAV over collections: the WsgiDAV adapter, one file per verb or RFC."""
