"""Every solution of the saddle-point equations at given controls, and what is known of each."""
