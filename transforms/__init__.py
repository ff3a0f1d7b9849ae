"""The verbs: one PTransform per file, wiring only, in the order data flows."""
