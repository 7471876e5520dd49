"""What people are told by e-mail: messages made of events, rendered and sent when their time comes."""
