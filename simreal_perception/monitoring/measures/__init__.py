"""What checks are made of: figures of an image, what training and the past were like, alarms.

Public: `measurement.measure`, `reference.reference_of`, `network_features.NetworkFeatures`,
`baseline.Baseline`, `persistence.Persistence`, `check_result.CheckStatus`.
"""
