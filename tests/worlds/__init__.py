"""Small worlds to test in: real repositories, ports, machines and hubs below a temporary directory."""
