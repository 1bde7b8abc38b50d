pytest_plugins = ["fixtures_servers"]
