"""What the crowd's answers are worth: consensus, skill, retirement."""
