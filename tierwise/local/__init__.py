"""A small model beside Gemini: features of pictures, and a head that learns from its answers."""
