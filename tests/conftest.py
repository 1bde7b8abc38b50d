pytest_plugins = ["fixtures_servers", "fixtures_api"]
