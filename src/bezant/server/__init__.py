"""The composition root: the application, its workers, the embedded servers, migrations."""
