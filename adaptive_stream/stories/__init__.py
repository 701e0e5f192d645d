"""Stories: what customers must be given, case by case, as files. README.md here has the format."""
