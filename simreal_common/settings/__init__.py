"""Values that people set, as frozen dataclasses.

Public: `configuration.from_values`, `configuration.load_yaml`, `parameters.parameter`,
`parameter_files.read_parameters`.
"""
