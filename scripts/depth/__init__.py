"""Pictures of depth maps, in metres."""
