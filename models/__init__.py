"""How suspicion is judged: rules, forests, calibration, combination, alerting, bundle and registry."""
