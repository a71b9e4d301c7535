"""What checks are made of: figures of an image, what training and the past were like, alarms.

Public: `measurement.measure`, `reference.reference_of`, `network_features.NetworkFeatures`,
`past_images.PastImages`, `baseline.Baseline`, `persistence.Persistence`, `check_result.CheckStatus`,
`monitor_config.MonitorConfig`.
"""
