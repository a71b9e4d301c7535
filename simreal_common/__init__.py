"""What every part of simreal shares: geometry, camera model, errors, messages. No policy."""
