"""What the outside is told: events as documented payloads. How they get there is another file's business."""
